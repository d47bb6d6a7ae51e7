import type { Shortfall } from './decision.ts'
import { isVisible, problemOf } from './fitting.ts'
import { NodeRoom } from './node-room.ts'
import type { Candidate, Snapshot } from './snapshot.ts'

/** Why each node that the candidate may see would not take it now; nodes that would are left out. For readers: O(nodes). */
export function explainShortfalls(candidate: Candidate, snapshot: Pick<Snapshot, 'nodes'>): readonly Shortfall[] {
  return snapshot.nodes.flatMap((view) => {
    if (!isVisible(view.node, candidate)) return []
    const problem = problemOf(new NodeRoom(view), candidate)
    return problem === undefined ? [] : [{ node: view.node.id, ...problem }]
  })
}
