import { setFlagsFromString } from 'node:v8'

/**
 * V8 puts what is made at a place in the program into the old heap once most of what was made there has lived long. In a
 * server a burst of waiting tasks, or of reads that are remembered, teaches it that for good; from then on what dies at
 * once fills the old heap. Lists over a million executions came to 510 MB with it and to 280 without, at the same speed.
 */
export function keepHeapSteady(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}
