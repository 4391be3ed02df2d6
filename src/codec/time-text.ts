/** A time in ms as local `yyyy-MM-dd#HH:mm:ss:SSS`. Java: UtilAll#formatDate, YYYY_MM_DD_HH_MM_SS_SSS. */
export function localTimeText(timeMs: number): string {
  const time = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${String(time.getFullYear()).padStart(4, '0')}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${day}#${clock}:${String(time.getMilliseconds()).padStart(3, '0')}`;
}
