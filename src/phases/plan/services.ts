import type { Call, RegistryReader } from '../../registry/roles.ts';
import type { SourceReader } from '../../registry/source.ts';
import type { CandidateServices } from './candidate-services.ts';
import type { Traffic } from '../reading/traffic.ts';

export type PlanServices = {
  readonly registry: RegistryReader;
  readonly source: SourceReader;
  readonly traffic: Traffic;
  /** A run that only compares asks for each tag that a list does not show; one that writes asks just before it does. */
  readonly destination?: Call['destination'];
  /** How what has to be signed is found; nothing is, unless given. */
  readonly candidates?: CandidateServices | undefined;
};
