import { load } from 'js-yaml';
import { z } from 'zod';
import { readDeploy } from './files.ts';

const Rules = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.looseObject({
          alert: z.string(),
          expr: z.string(),
          annotations: z.looseObject({ runbook_url: z.string() }),
        }),
      ),
    }),
  ),
});

const Source = z.object({ type: z.string(), uid: z.string() });

const Dashboard = z.looseObject({
  uid: z.string(),
  title: z.string(),
  schemaVersion: z.int(),
  templating: z.object({
    list: z.array(
      z.looseObject({
        name: z.string(),
        type: z.enum(['datasource', 'query']),
        query: z.unknown(),
        datasource: Source.optional(),
      }),
    ),
  }),
  panels: z.array(
    z.looseObject({
      id: z.int().positive(),
      type: z.enum(['stat', 'bargauge', 'timeseries']),
      title: z.string(),
      datasource: Source,
      gridPos: z.strictObject({ x: z.int(), y: z.int(), w: z.int().positive(), h: z.int().positive() }),
      targets: z
        .array(z.looseObject({ refId: z.string(), expr: z.string(), datasource: Source, legendFormat: z.string() }))
        .min(1),
    }),
  ),
});

/** The alerts of deploy/monitoring/. */
export function alertsOf(): z.infer<typeof Rules>['groups'][number]['rules'] {
  return Rules.parse(load(readDeploy('monitoring/alerts.yaml'))).groups.flatMap(({ rules }) => rules);
}

/** The dashboard of deploy/monitoring/. */
export function dashboardOf(): z.infer<typeof Dashboard> {
  return Dashboard.parse(JSON.parse(readDeploy('monitoring/dashboard.json')));
}

/** The queries of all panels and alerts. */
export function queriesOf(): readonly string[] {
  const panels = dashboardOf().panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  return [...panels, ...alertsOf().map(({ expr }) => expr)];
}
