import type { Call, RegistryReader } from '../../registry/roles.ts';
import type { SourceReader } from '../../registry/source.ts';
import type { CandidateServices } from './candidate-services.ts';
import type { InventoryCache } from './inventory-cache.ts';
import type { Traffic } from '../reading/traffic.ts';

export type PlanServices = {
  readonly registry: RegistryReader;
  readonly source: SourceReader;
  readonly traffic: Traffic;
  /** `compared`: the plan requests each tag that a list omits. `written`: the tag is requested just before the write. */
  readonly destination?: Call['destination'];
  /** What earlier runs found out about destinations. Default: nothing. */
  readonly inventory?: InventoryCache | undefined;
  /** How images to sign are found. Default: none are. */
  readonly candidates?: CandidateServices | undefined;
};
