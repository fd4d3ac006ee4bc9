import { readdir } from 'node:fs/promises';
import { isPromotionError, PromotionError } from '../../errors.ts';
import { readRegsync } from '../../foreign/regsync/read.ts';
import { readSkopeo } from '../../foreign/skopeo.ts';
import { readNamedFile } from '../../manifest/file-source.ts';
import { loadManifests } from '../../manifest/load.ts';
import type { Project } from '../../manifest/manifest.ts';
import { importText } from '../../report/imported.ts';
import { misplacedSecrets } from '../../secrets/find-secrets.ts';
import { count } from '../../text/layout.ts';
import { terminalText } from '../../text/escape/terminal.ts';
import { rendering } from '../../watch/log-lines/render.ts';
import type { CommandServices } from '../command.ts';
import type { ImportOptions } from '../options/commands/import.ts';
import { fitted } from '../output/fitted.ts';
import { usage } from '../unknown.ts';
import { openConfigured } from '../wiring/open-configured.ts';
import { writeAdditions } from '../../manifest/edit/write-additions.ts';
import { importRules } from '../../phases/import.ts';

/** `kpromo import`: writes a tree from the file of another tool. Returns 1 if a part that changes what is copied was not taken over. */
export async function run(options: ImportOptions, services: CommandServices): Promise<number> {
  const { clock, narrate, signal, stdout, secrets, env, task } = services;
  const { file, skopeo, tree } = options;
  const bytes = await readNamedFile(file).catch((error: unknown) => {
    throw isPromotionError(error) ? usage(`cannot read ${file}: ${error.message}`, error.hint) : error;
  });
  if (bytes === undefined) throw usage(`there is no file ${file}`, 'name the configuration of the other tool');
  for (const secret of misplacedSecrets(new TextDecoder().decode(bytes))) secrets.learn(secret);
  const { rules, findings } = skopeo === undefined ? readRegsync(file, bytes, env) : readSkopeo(file, bytes, skopeo);
  const projects = await projectsIn(tree);
  const { registries } = await openConfigured(options.registries, services);
  try {
    const context = { clock, emit: rendering(narrate), signal };
    const imported = await importRules(rules, projects, registries.registry, context);
    const written = await writeAdditions(tree, projects, imported.additions);
    const all = [...findings, ...imported.findings];
    const present = imported.additions.reduce((sum, one) => sum + one.present, 0);
    const { failures } = imported;
    stdout.write(fitted(importText({ file, output: tree, written, present, failures, findings: all }), stdout));
    if (written.length > 0) stdout.write(fitted(`${terminalText(nextStep(tree))}\n`, stdout));
    const lost = failures.length + all.filter(({ kind }) => kind === 'lost').length;
    if (lost === 0) return 0;
    const message = `${task}: ${count(lost, 'part')} of ${file} could not be taken over`;
    narrate({ type: 'log', level: 'fatal', message, fields: { problems: lost } });
    return 1;
  } finally {
    await registries.close();
  }
}

function nextStep(tree: string): string {
  return `next: check the tree with kpromo validate ${tree}, and compare it with the registries with kpromo cip --manifests ${tree} --dry-run --require-identity=false`;
}

/** Returns the projects of a tree that is there; none for a new folder. Throws if the folder is anything else. */
async function projectsIn(tree: string): Promise<readonly Project[]> {
  const names = await readdir(tree).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw usage(`--output ${tree}: ${error.code === 'ENOTDIR' ? 'this is a file' : error.message}`, 'name a folder');
  });
  if (names.length === 0) return [];
  const { projects, problems } = await loadManifests({ thinManifestDir: tree });
  const [first] = problems;
  if (first === undefined) return projects;
  throw new PromotionError('MANIFEST_INVALID', `--output ${tree}: the folder is not a valid tree: ${first.message}`, {
    hint: 'name a new folder, or correct the tree; kpromo validate lists its problems',
  });
}
