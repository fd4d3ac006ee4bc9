/** A node of a YAML document with its offset; an alias is the node that it names. */
export type YamlNode = YamlScalar | YamlCollection;

export type YamlScalar = {
  readonly kind: 'scalar';
  readonly offset: number;
  readonly text: string;
  /** Neither quoted nor a block: may mean null or a boolean. */
  readonly plain: boolean;
  /** As written (`!!str`); empty if there is none. */
  readonly tag: string;
};

export type YamlCollection = {
  readonly kind: 'sequence' | 'mapping';
  readonly offset: number;
  /** For a mapping: key, value, key, value. */
  readonly items: YamlNode[];
};
