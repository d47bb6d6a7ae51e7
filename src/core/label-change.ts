import type { Transition } from './event.ts'

export type LabelChange = Extract<Transition, { kind: 'execution.labels' }>

type Labels = Readonly<Record<string, string>>

/** The labels after a change, and what changed: what is both set and removed is removed. Undefined when nothing does. */
export function labelChange(
  before: Labels,
  set: Labels,
  remove: readonly string[],
): { readonly labels: Labels; readonly transition: LabelChange } | undefined {
  const dropped = new Set(remove)
  const fresh = Object.entries(set).filter(
    ([name, value]) => !dropped.has(name) && !(Object.hasOwn(before, name) && before[name] === value),
  )
  const removed = [...dropped].filter((name) => Object.hasOwn(before, name))
  if (fresh.length === 0 && removed.length === 0) return undefined
  const kept = Object.entries(before).filter(([name]) => !dropped.has(name))
  const labels = Object.fromEntries([...kept, ...fresh])
  return { labels, transition: { kind: 'execution.labels', set: Object.fromEntries(fresh), removed } }
}
