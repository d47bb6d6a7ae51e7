import { join } from 'node:path'
import { dropletRun, imageRun } from '../../../build/droplet-run.ts'
import type { Plan } from '../../../core/plan.ts'
import { DEFAULT_STOP } from '../../../core/step-spec.ts'
import type { Droplet } from '../documents.ts'
import { type TaskWish, WISH_LABEL } from './task-record.ts'

const MIB = 2 ** 20

/** A task is one step: its command in its droplet. `trees`: the directory of all droplets' trees. */
export function planOfTask(
  wish: TaskWish,
  droplet: Droplet,
  environment: Readonly<Record<string, string>>,
  trees: string,
  sandboxed: boolean,
): Plan {
  const run = {
    command: wish.command,
    env: environment,
    ...(wish.logRate >= 0 && { bytesPerSecond: wish.logRate }),
  }
  return {
    steps: [
      {
        name: 'task',
        group: 0,
        conditions: [],
        essential: true,
        endsExecution: 'onExit',
        resources: { memoryBytes: wish.memory * MIB, diskBytes: wish.disk * MIB },
        stop: DEFAULT_STOP,
        work:
          droplet.image !== undefined
            ? imageRun(droplet.image, {
                ...run,
                ...(droplet.registrySecret !== undefined && { registrySecret: droplet.registrySecret }),
              })
            : dropletRun({ ...run, tree: join(trees, droplet.guid), sandboxed }),
        labels: { [WISH_LABEL]: JSON.stringify(wish) },
      },
    ],
  }
}
