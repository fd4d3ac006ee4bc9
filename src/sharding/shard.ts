/** A share of the tree: `index` of `of`, counted from 0 as JOB_COMPLETION_INDEX is. */
export type Shard = { readonly index: number; readonly of: number };

/** Returns a shard as `--shard` takes it: `0/8`. */
export function shardText({ index, of }: Shard): string {
  return `${index}/${of}`;
}
