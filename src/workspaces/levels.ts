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
  const waiting = new Map(needed.map((item) => [item.id, new Set(item.dependsOn.filter((id) => byId.has(id)))]))
  const dependents = dependentsOf(needed)
  const levels: Item[][] = []
  let ready = needed.filter((item) => waiting.get(item.id)!.size === 0)
  while (ready.length > 0) {
    levels.push(ready)
    ready = freed(ready, dependents, waiting).map((id) => byId.get(id)!)
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

function dependentsOf(items: readonly Dependent[]): ReadonlyMap<string, readonly string[]> {
  const dependents = new Map<string, string[]>()
  for (const { id, dependsOn } of items)
    for (const needed of new Set(dependsOn)) {
      const known = dependents.get(needed)
      if (known) known.push(id)
      else dependents.set(needed, [id])
    }
  return dependents
}

function freed(
  done: readonly Dependent[],
  dependents: ReadonlyMap<string, readonly string[]>,
  waiting: ReadonlyMap<string, Set<string>>,
): string[] {
  const free: string[] = []
  for (const { id } of done)
    for (const dependent of dependents.get(id) ?? []) {
      const left = waiting.get(dependent)!
      left.delete(id)
      if (left.size === 0) free.push(dependent)
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
