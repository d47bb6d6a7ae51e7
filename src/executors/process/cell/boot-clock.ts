import { sys } from './syscalls.ts'

/** Counts time asleep as well, as start times in /proc do; the monotonic clock does not. */
const CLOCK_BOOTTIME = 7
const time = new BigInt64Array(2)
const bytes = new Uint8Array(time.buffer)

/** Since boot, on the clock that start times in /proc use, ms. */
export function bootMs(): number {
  sys.clockGettime(CLOCK_BOOTTIME, bytes)
  return Number(time[0]) * 1_000 + Math.floor(Number(time[1]) / 1_000_000)
}
