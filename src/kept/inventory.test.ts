import { describe, expect, it } from 'vitest';
import type { InventoryEntry } from '../plan/believed/entry.ts';
import { openInventory } from './inventory.ts';
import type { KeptFiles } from './kept-files.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 0, 2);
const D = 'd'.repeat(43);
const read = (hours: number, satisfied: string | undefined): InventoryEntry => ({
  at: NOW - hours * HOUR,
  listed: D,
  satisfied,
});

/** Files in memory, and the inventory of a run on them. */
function world(files: Partial<KeptFiles> = {}) {
  const content = new Map<string, Uint8Array>();
  const warnings: string[] = [];
  const kept: KeptFiles = {
    placeOf: (name) => `/cache/${name}`,
    read: async (name) => content.get(name),
    write: async (name, bytes) => void content.set(name, bytes),
    ...files,
  };
  const open = (now = NOW, isClockWrong = false, name = 'inventory.json') =>
    openInventory({
      files: kept,
      name,
      scope: 's',
      now: () => now,
      isClockWrong: () => isClockWrong,
      warn: (text) => warnings.push(text),
    });
  const repositories = async (now = NOW): Promise<string[]> => [...(await open(now)).entries.keys()].toSorted();
  return { content, warnings, open, repositories };
}

describe('src/kept/inventory.ts', () => {
  it('keeps the entries of a run that wrote meanwhile, and the newest of each repository', async () => {
    const { open } = world();
    const [one, other] = [await open(), await open()];
    await one.keep(
      new Map([
        ['a.test/x', read(1, D)],
        ['a.test/y', read(1, D)],
      ]),
    );
    await other.keep(
      new Map([
        ['a.test/x', read(2, D)],
        ['a.test/y', read(0, undefined)],
        ['a.test/z', read(1, D)],
      ]),
    );
    const { entries } = await open();
    expect(entries).toEqual(
      new Map([
        ['a.test/x', read(1, D)],
        ['a.test/y', read(0, undefined)],
        ['a.test/z', read(1, D)],
      ]),
    );
  });

  it('leaves whole files if many runs write at once', async () => {
    const { open, repositories, warnings } = world();
    const runs = await Promise.all(Array.from({ length: 8 }, () => open()));
    await Promise.all(runs.map((run, index) => run.keep(new Map([[`a.test/${index}`, read(1, D)]]))));
    expect((await repositories()).length).toBeGreaterThan(0);
    expect(warnings).toEqual([]);
  });

  it('drops entries that are too old to be believed, or of the future', async () => {
    const { open, repositories } = world();
    await (
      await open(NOW + 5 * HOUR)
    ).keep(
      new Map([
        ['a.test/future', read(-5, D)],
        ['a.test/now', read(1, D)],
      ]),
    );
    expect(await repositories()).toEqual(['a.test/now']);
    await (await open(NOW + 30 * HOUR)).keep(new Map([['a.test/new', read(-30, D)]]));
    expect(await repositories(NOW + 30 * HOUR)).toEqual(['a.test/new']);
  });

  it('writes nothing if the clock is wrong, but forgets', async () => {
    const { open, repositories } = world();
    await (await open()).keep(new Map([['a.test/x', read(1, D)]]));
    const wrong = await open(NOW, true);
    await wrong.keep(new Map([['a.test/y', read(1, D)]]));
    expect(await repositories()).toEqual(['a.test/x']);
    await wrong.forget();
    expect(await repositories()).toEqual([]);
  });

  it('warns, and goes on, if files can be neither read nor written', async () => {
    const fail = (): Promise<never> => Promise.reject(new Error('no such account'));
    const { open, warnings } = world({ read: fail, write: fail });
    const kept = await open();
    await kept.keep(new Map());
    expect(kept.entries.size).toBe(0);
    expect(warnings).toEqual([
      'the inventory cache /cache/inventory.json is not used: no such account; every repository is read',
      'the inventory cache /cache/inventory.json is not written: no such account',
    ]);
  });
});
