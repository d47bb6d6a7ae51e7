import type { Output } from './output.ts'

/** One line each for people; for programs the thing itself, or a list when there were several. */
export function showEach<Thing>(output: Output, things: readonly Thing[], line: (thing: Thing) => string): void {
  output.show(things.length === 1 ? things[0] : things, () => things.map((thing) => `${line(thing)}\n`).join(''))
}
