import type { Strategy } from '../core/placement.ts'
import type { Chance } from '../core/ports/clock.ts'
import type { NodeRoom } from './node-room.ts'

type Spread = Extract<Strategy, { kind: 'spread' }>

/**
 * One of the nodes that fit: each strategy narrows them to the best by its measure, chance decides among equals.
 * `all` are the nodes that the candidate may see: a spread counts over them, full ones included.
 */
export function chooseNode(
  fitting: readonly NodeRoom[],
  strategies: readonly Strategy[],
  all: readonly NodeRoom[],
  chance: Chance,
): NodeRoom {
  let best = fitting
  for (const strategy of strategies) {
    if (best.length === 1) break
    best = narrow(best, strategy, all, chance)
  }
  return best.length === 1 ? best[0]! : pick(best, chance)
}

function narrow(
  fitting: readonly NodeRoom[],
  strategy: Strategy,
  all: readonly NodeRoom[],
  chance: Chance,
): readonly NodeRoom[] {
  if (strategy.kind === 'random') return [pick(fitting, chance)]
  if (strategy.kind === 'spread') return least(fitting, spreadMeasure(strategy, all))
  return least(fitting, (room) => (strategy.by === 'cpu' ? room.cpuUnits : room.memoryBytes))
}

const pick = (rooms: readonly NodeRoom[], chance: Chance): NodeRoom => rooms[Math.floor(chance.next() * rooms.length)]!

function least(rooms: readonly NodeRoom[], measure: (room: NodeRoom) => number): readonly NodeRoom[] {
  const measured = rooms.map(measure)
  const minimum = Math.min(...measured)
  return rooms.filter((_, at) => measured[at] === minimum)
}

/** How many there are on the node, or on all nodes that share its attribute. Nodes without the attribute come last. */
function spreadMeasure({ by, among }: Spread, all: readonly NodeRoom[]): (room: NodeRoom) => number {
  const count = (room: NodeRoom): number =>
    among === undefined ? room.allocations : room.count(among.ref, among.value)
  if (by === 'node') return count
  const sums = new Map<string, number>()
  for (const room of all) {
    const value = room.attributes[by.attribute]
    if (value !== undefined) sums.set(value, (sums.get(value) ?? 0) + count(room))
  }
  return (room) => {
    const value = room.attributes[by.attribute]
    return value === undefined ? Number.POSITIVE_INFINITY : sums.get(value)!
  }
}
