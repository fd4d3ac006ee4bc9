import { Pool } from 'undici';
import { CONCURRENCY } from '../../src/http/stack.ts';

// node requests.ts HOST=NUMBER...: sends NUMBER requests to each HOST, over as many connections as the program uses, and
// nothing else. The least time that the same number of requests takes.

async function send(host: string, requests: number): Promise<void> {
  const pool = new Pool(`http://${host}`, { connections: CONCURRENCY });
  let left = requests;
  const work = async (): Promise<void> => {
    for (; left > 0;) {
      left -= 1;
      const { body } = await pool.request({ method: 'GET', path: '/v2/' });
      await body.dump();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  await pool.destroy();
}

await Promise.all(
  process.argv.slice(2).map((argument) => {
    const [host = '', number] = argument.split('=');
    return send(host, Number(number));
  }),
);
