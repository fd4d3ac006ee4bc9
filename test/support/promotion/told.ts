import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SaxesParser } from 'saxes';
import type { RunEvent } from '../../../src/events.ts';
import type { ReportDocument } from '../../../src/report/model/schema.ts';
import type { PageData } from '../../../src/report/formats/html/data.ts';
import { numbersOf } from '../prometheus.ts';
import { cip, type CipOptions, type CipRun } from './cip.ts';

/** A test of JUnit's XML, with the element that says how it ended. */
type ToldTest = { readonly name: string; readonly ended: 'passed' | 'failure' | 'error' | 'skipped' };

/** Everything that a run told, in every form. */
export type Told = {
  readonly run: CipRun;
  readonly json: ReportDocument;
  readonly markdown: string;
  readonly page: PageData;
  readonly tests: readonly ToldTest[];
  /** The counts that JUnit's XML gives of itself. */
  readonly counts: Readonly<Record<string, string>>;
  readonly events: readonly RunEvent[];
  readonly metrics: Readonly<Record<string, number>>;
};

/** Runs `kpromo cip` with every output that it has. */
export async function cipTold(args: readonly string[], options: CipOptions): Promise<Told> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-told-'));
  const at = (name: string): string => join(folder, name);
  const read = (name: string): Promise<string> => readFile(at(name), 'utf8');
  try {
    const reports = ['json', 'md', 'html', 'xml'].flatMap((ending) => ['--report', at(`run.${ending}`)]);
    const run = await cip([...args, ...reports, '--events', at('events'), '--metrics-file', at('metrics')], options);
    const json = JSON.parse(await read('run.json')) as ReportDocument;
    const page = pageIn(await read('run.html'));
    const events = (await read('events')).trimEnd().split('\n');
    return {
      run,
      json,
      page,
      markdown: await read('run.md'),
      ...testsIn(await read('run.xml')),
      events: events.map((line) => JSON.parse(line) as RunEvent),
      metrics: numbersOf(await read('metrics')),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function pageIn(html: string): PageData {
  const [, data = ''] = /<script type="application\/json" id="data">([^]*?)<\/script>/.exec(html) ?? [];
  return JSON.parse(data) as PageData;
}

function testsIn(xml: string): Pick<Told, 'tests' | 'counts'> {
  const tests: { name: string; ended: ToldTest['ended'] }[] = [];
  let counts: Record<string, string> = {};
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => {
    const last = tests.at(-1);
    if (name === 'testsuite') counts = attributes;
    if (name === 'testcase') tests.push({ name: attributes['name'] ?? '', ended: 'passed' });
    if (last !== undefined && (name === 'failure' || name === 'error' || name === 'skipped')) last.ended = name;
  });
  parser.write(xml).close();
  return { tests, counts };
}
