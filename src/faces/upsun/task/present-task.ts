import type { DeployedTask } from '../documents.ts'
import { taskFields } from './task-fields.ts'

/** The Task object: its 16 keys, and the links that live replies add (reference §1.1). */
export function presentTask({ config }: DeployedTask, base: string): object {
  return {
    id: config.name,
    ...taskFields(config),
    _links: {
      self: { href: `${base}/tasks/${encodeURIComponent(config.name)}` },
      '#run': { href: `${base}/tasks/${encodeURIComponent(config.name)}/run` },
    },
  }
}
