/** A node of a YAML document with the offset at which it is written; an alias is the node that it names. */
export type YamlNode = YamlScalar | YamlCollection;

export type YamlScalar = {
  readonly kind: 'scalar';
  readonly offset: number;
  readonly text: string;
  /** Neither quoted nor a block: may mean null or a boolean. */
  readonly plain: boolean;
  /** As written (`!!str`), empty for none. */
  readonly tag: string;
};

export type YamlCollection = {
  readonly kind: 'sequence' | 'mapping';
  readonly offset: number;
  /** Of a mapping: key, value, key, value. */
  readonly items: YamlNode[];
};
