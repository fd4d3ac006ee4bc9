import { readFileSync } from 'node:fs';
import { verdicts, type Content, type PlanCase, type Verdicts } from './plan-cases.ts';

/** One plan of the fixture, with what upstream decided on each edge. */
type GoldenPlan = PlanCase & { readonly id: number; readonly upstream: Verdicts };

type Recorded = PlanCase['projects'][number] & {
  readonly id: number;
  readonly inventory: Readonly<Record<string, Content>>;
  readonly upstream: Partial<Record<keyof Verdicts, readonly string[]>>;
};

/** The plans of test/fixtures/plan.json, each with one project. */
export function goldenPlans(): readonly GoldenPlan[] {
  const text = readFileSync(new URL('../../fixtures/plan.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as readonly Recorded[]).map(({ id, src, dsts, images, inventory, upstream }) => ({
    id,
    projects: [{ src, dsts, images }],
    inventory,
    upstream: verdicts(upstream),
  }));
}
