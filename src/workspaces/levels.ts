/** A thing that others may need. */
export interface Dependent {
  readonly id: string
  readonly dependsOn: readonly string[]
}

/**
 * Everything that `roots` need, themselves included, in levels: what stands in one level needs only what stands in
 * earlier ones, and stands as early as it can. Each thing once. Unknown ids are left out; callers refuse them before.
 */
export function levelsOf<Item extends Dependent>(
  roots: readonly string[],
  byId: ReadonlyMap<string, Item>,
): readonly (readonly Item[])[] {
  const needed = closureOf(roots, byId)
  const { waiting, dependents } = edgesOf(needed)
  const levels: Item[][] = []
  let ready = needed.flatMap((_, i) => (waiting[i] === 0 ? [i] : []))
  while (ready.length > 0) {
    levels.push(ready.map((i) => needed[i]!))
    ready = freed(ready, dependents, waiting)
  }
  return levels
}

function closureOf<Item extends Dependent>(roots: readonly string[], byId: ReadonlyMap<string, Item>): Item[] {
  const seen = new Set(roots)
  const found: Item[] = []
  for (const id of seen) {
    const item = byId.get(id)
    if (!item) continue
    found.push(item)
    for (const needed of item.dependsOn) seen.add(needed)
  }
  return found
}

interface Edges {
  /** By place in the list: how many it still waits for. A need that is named twice counts twice on both sides. */
  readonly waiting: Int32Array
  readonly dependents: readonly (readonly number[])[]
}

function edgesOf(items: readonly Dependent[]): Edges {
  const places = new Map(items.map(({ id }, i) => [id, i]))
  const waiting = new Int32Array(items.length)
  const dependents = items.map((): number[] => [])
  for (const [i, { dependsOn }] of items.entries())
    for (const id of dependsOn) {
      const needed = places.get(id)
      if (needed === undefined) continue
      waiting[i]!++
      dependents[needed]!.push(i)
    }
  return { waiting, dependents }
}

function freed(done: readonly number[], dependents: Edges['dependents'], waiting: Int32Array): number[] {
  const free: number[] = []
  for (const i of done)
    for (const dependent of dependents[i]!) {
      waiting[dependent]!--
      if (waiting[dependent] === 0) free.push(dependent)
    }
  return free
}

/** The ids along one circle, the first repeated at the end; undefined if there is none. Not recursive. */
export function circleOf(items: Iterable<Dependent>): readonly string[] | undefined {
  const byId = new Map([...items].map((item) => [item.id, item]))
  const done = new Set<string>()
  for (const id of byId.keys()) {
    const circle = circleFrom(id, byId, done)
    if (circle) return circle
  }
  return undefined
}

function circleFrom(
  start: string,
  byId: ReadonlyMap<string, Dependent>,
  done: Set<string>,
): readonly string[] | undefined {
  const path = [{ id: start, next: 0 }]
  const onPath = new Set([start])
  while (path.length > 0) {
    const top = path[path.length - 1]!
    const next = done.has(top.id) ? undefined : byId.get(top.id)?.dependsOn[top.next++]
    if (next === undefined) {
      done.add(top.id)
      onPath.delete(top.id)
      path.pop()
    } else if (onPath.has(next)) {
      const ids = path.map((p) => p.id)
      return [...ids.slice(ids.indexOf(next)), next]
    } else if (!done.has(next)) {
      onPath.add(next)
      path.push({ id: next, next: 0 })
    }
  }
  return undefined
}
