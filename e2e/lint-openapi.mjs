// Holds the API's document to the recommended rules of a public linter, and to stricter ones of ours.
//   node lint-openapi.mjs ../tests/snapshots/openapi.json
import { createConfig, lint } from '@redocly/openapi-core';

const config = await createConfig({
    extends: ['recommended'],
    rules: { 'operation-4xx-response': 'error', 'operation-operationId': 'error', 'operation-summary': 'error', 'no-unused-components': 'error' },
});
const problems = await lint({ ref: process.argv[2], config });
for (const { ruleId, severity, message, location } of problems) {
    console.error(`${severity} ${ruleId}: ${message} (${location?.[0]?.pointer ?? ''})`);
}
console.log(problems.length === 0 ? 'the document is clean' : `${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
