const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** 1,234 */
export function number(value) {
  return value.toLocaleString('en-US');
}

/** `1 image`, `2,000 images` */
export function counted(value, one, many = `${one}s`) {
  return `${number(value)} ${value === 1 ? one : many}`;
}

/** Formats bytes for people: `1.5 MB`. */
export function bytes(value) {
  let [size, unit] = [value, 0];
  while (size >= 1023.95 && unit < UNITS.length - 1) [size, unit] = [size / 1024, unit + 1];
  return `${unit === 0 ? size : size.toFixed(1)} ${UNITS[unit]}`;
}

/** Formats a duration: `350 ms`, `1.2 s`, `2 min 3 s`, `1 h 2 min`. */
export function duration(ms) {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** Shortens a digest to the part that people compare. */
export function short(text) {
  return text.replaceAll(/\b(sha256|sha512):([0-9a-f]{12})[0-9a-f]{52,}/g, '$1:$2…');
}

/** Shortens names to their differences: removes the common start and end, cut between words. */
export function distinct(names) {
  if (names.length < 2) return names;
  const parts = names.map((name) => name.split(/(?<=[./:-])|(?=[./:-])/));
  const least = Math.min(...parts.map((all) => all.length));
  const same = (at) => parts.every((all) => at(all) === at(parts[0]));
  let start = 0;
  while (start < least - 1 && same((all) => all[start])) start += 1;
  let end = 0;
  while (end < least - 1 - start && same((all) => all[all.length - 1 - end])) end += 1;
  return parts.map((all) =>
    all
      .slice(start, all.length - end)
      .join('')
      .replaceAll(/^[./:-]+|[./:-]+$/g, ''),
  );
}
