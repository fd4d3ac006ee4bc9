import { setImmediate } from 'node:timers/promises';
import { realClock } from '../../src/clock.ts';
import { httpStack } from '../../src/http/stack.ts';

// The child's side of test/integration/stopped-process.test.ts: sends each request of its first argument at once, computes
// for so many milliseconds as the second says, and prints the status or error of each.

const [paths = '[]', computes = '0', timeout = '0'] = process.argv.slice(2);
const ms = Number(timeout);
const clock = realClock();
const stack = httpStack({ clock, timeouts: { connect: ms, headers: ms, idle: ms }, retryBudget: ms });
const signal = new AbortController().signal;
const outcomes = (JSON.parse(paths) as string[]).map(async (given) => {
  const [method, url] = given.split(' ') as ['GET' | 'PUT', string];
  const operation = method === 'GET' ? 'read' : 'write';
  const response = await stack.fetch({ method, url: new URL(url), operation, signal });
  return `${response.status} ${Buffer.from(await response.body.bytes(100)).toString()}`;
});
const all = Promise.all(outcomes.map((outcome) => outcome.catch((error: unknown) => String(error))));
if (Number(computes) > 0) {
  // Until all of them are sent.
  for (let turn = 0; turn < 100; turn += 1) await setImmediate();
  const end = performance.now() + Number(computes);
  while (performance.now() < end);
}
process.stdout.write(JSON.stringify(await all));
await stack.close();
