import path from 'node:path';
import { loadManifests } from '../../manifest/load.ts';
import { replaceFile } from '../../manifest/edit/project-file.ts';
import { propose } from '../../proposal.ts';
import { proposalText } from '../../report/terminal/proposal.ts';
import { terminalText } from '../../text/escape/terminal.ts';
import { unifiedDiff } from '../../text/unified-diff.ts';
import type { CommandServices } from '../command.ts';
import { fitted } from '../output/fitted.ts';
import type { AddOptions } from '../options/commands/add.ts';
import { treeNamed } from '../options/source.ts';
import { loadRequest } from '../wiring/manifests.ts';
import { rendering } from '../../watch/log-lines/render.ts';
import { openConfigured } from '../wiring/open-configured.ts';

/** `kpromo add`: adds images of staging to the file of their project, and prints the additions. Returns exit code 0. */
export async function run(options: AddOptions, services: CommandServices): Promise<number> {
  const { clock, narrate, signal, stdout } = services;
  const { proposal: request, isDryRun, tree } = options;
  const { registries } = await openConfigured(options.registries, services);
  try {
    const load = () => loadManifests(loadRequest(tree));
    const proposal = await propose(
      request,
      { registry: registries.registry, load },
      { clock, emit: rendering(narrate), signal },
    );
    const { file, before, after, added } = proposal;
    const isChanged = added.length > 0;
    if (isChanged && !isDryRun) await replaceFile(file, before, after);
    // a diff is for programs: the text about it goes to stderr
    const told = isDryRun ? services.stderr : stdout;
    told.write(fitted(proposalText(proposal, isDryRun), told));
    if (isChanged && isDryRun) stdout.write(unifiedDiff(pathHere(file), textOf(before), textOf(after)));
    const place = treeNamed(tree) ?? '';
    const next = `next: look at the change with git diff, check it with kpromo cip --manifests ${place}, and open a pull request`;
    if (isChanged && !isDryRun) stdout.write(fitted(`${terminalText(next)}\n`, stdout));
    return 0;
  } finally {
    await registries.close();
  }
}

/** Returns the path from the working folder, from which `git apply` and `patch -p1` read it. */
function pathHere(file: string): string {
  const here = path.relative(process.cwd(), file);
  return here.startsWith('..') ? file.replace(/^\/+/, '') : here;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
