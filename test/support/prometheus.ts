const SAMPLE = /^([a-z_]+(?:\{(?:[a-z]+="[^"\\\n]*",?)+\})?) (-?[0-9.e+]+)$/;

/** The numbers of a text in Prometheus' format, by name and labels; throws for a line that is none of it. */
export function numbersOf(text: string): Readonly<Record<string, number>> {
  const lines = text.split('\n').filter((line) => line !== '' && !/^# (?:HELP|TYPE) /.test(line));
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, number] = SAMPLE.exec(line) ?? [];
      if (name === undefined) throw new Error(`no metric: ${line}`);
      return [name, Number(number)];
    }),
  );
}
