// The server under test: the real binary, on a free port, with a data folder of its own.

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, type Sink } from "./sink.ts";

const BINARY = process.env.LATCHKEY_BIN ?? join(process.env.CARGO_TARGET_DIR ?? join(import.meta.dirname, "../../target"), "debug/latchkey");

export type Credentials = { email: string; name: string; password: string };

export class Server {
  /** All that it printed. */
  log = "";
  private child: ChildProcess | undefined;
  private constructor(
    readonly url: string,
    private readonly listen: string,
    readonly folder: string,
    private readonly sink: Sink | undefined,
    private readonly options: string[],
  ) {}

  /**
   * Starts a server. Without a sink it has no mail server; without an admin it prints its set-up link. Passkeys need a `host` with
   * a name: localhost.
   */
  static async start(settings: { sink?: Sink; admin?: Credentials; options?: string[]; twoFactor?: boolean; host?: string } = {}): Promise<Server> {
    if (!existsSync(BINARY)) throw new Error(`no server at ${BINARY}; build it with cargo build --package latchkey, or set LATCHKEY_BIN`);
    const port = await freePort();
    const folder = await mkdtemp(join(tmpdir(), "latchkey-e2e-"));
    const server = new Server(`http://${settings.host ?? "127.0.0.1"}:${port}`, `127.0.0.1:${port}`, folder, settings.sink, settings.options ?? []);
    if (settings.admin) {
      await server.createAdmin(settings.admin);
      // Tests that are about it switch it on again.
      await server.must(["admin", "require-two-factor", settings.twoFactor ? "yes" : "no"]);
    }
    try {
      await server.serve();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  async serve(): Promise<void> {
    const mail = this.sink ? ["--smtp-url", this.sink.url, "--mail-from", "Latchkey Test <mail@latchkey.example>"] : [];
    const child = spawn(BINARY, ["serve", "--listen", this.listen, "--data-dir", this.folder, "--public-url", this.url, ...mail, ...this.options], {
      stdio: ["ignore", "pipe", "pipe"],
      env: environment(),
      cwd: this.folder,
    });
    this.child = child;
    started.add(child);
    child.once("exit", () => started.delete(child));
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (this.log += chunk.toString()));
    const deadline = Date.now() + 20_000;
    while (!(await this.isReady())) {
      if (child.exitCode !== null || Date.now() > deadline) {
        await this.stop(true);
        throw new Error(`the server did not become ready:\n${this.log}`);
      }
      await new Promise((wait) => setTimeout(wait, 25));
    }
  }

  private async isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/readyz`)).status === 200;
    } catch {
      return false;
    }
  }

  /** Ends the server and, unless it is to be started again, throws its data away. */
  async stop(keep = false): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((done) => child.once("exit", done));
      child.kill("SIGTERM");
      const last = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(last);
    }
    if (!keep) await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs a sub-command on the server's data. */
  async cli(words: string[], input?: string): Promise<{ status: number; output: string }> {
    const child = spawn(BINARY, [...words, "--data-dir", this.folder], { stdio: ["pipe", "pipe", "pipe"], env: environment(), cwd: this.folder });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stdin.on("error", () => {});
    child.stdin.end(input ?? "");
    const status = await new Promise<number>((done, fail) => {
      child.once("error", fail);
      child.once("close", (code) => done(code ?? -1));
    });
    return { status, output };
  }

  private async must(words: string[], input?: string): Promise<string> {
    const { status, output } = await this.cli(words, input);
    if (status !== 0) throw new Error(`latchkey ${words.join(" ")} ended with ${status}: ${output}`);
    return output;
  }

  async createAdmin({ email, name, password }: Credentials): Promise<void> {
    await this.must(["admin", "create", "--email", email, "--name", name, "--password-stdin"], password);
  }

  async createUser(email: string, first: string, last: string, password: string): Promise<void> {
    await this.must(["user", "create", "--email", email, "--first-name", first, "--last-name", last, "--password-stdin"], password);
  }

  /** Answers the account's number. */
  async createAccount(name: string, owner: string): Promise<number> {
    const output = await this.must(["account", "create", "--name", name, "--owner", owner]);
    return Number(/number (\d+)/.exec(output)?.[1]);
  }

  /** The one-time link that a server without any admin prints. */
  get setupLink(): string {
    return /https?:\/\/\S+\/admin\/setup\/[\w-]+/.exec(this.log)?.[0] ?? "";
  }
}

// What a test that was cut short has left running.
const started = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of started) child.kill("SIGKILL");
});

/** Settings of whoever runs the suite must not reach the server. Hashes are the cheapest that it takes: pages are looked at, not logins waited for. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("LATCHKEY_"));
  return { ...Object.fromEntries(kept), LATCHKEY_LOG: "info", LATCHKEY_PASSWORD_COST: "m=19456,t=2" };
}
