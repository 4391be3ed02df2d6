/** Order of texts by their UTF-16 units; none is before all, as an empty one. Java: String#compareTo. */
export function compareTexts(a = '', b = ''): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
