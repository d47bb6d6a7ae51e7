import type { Face, FaceContext } from '../kit/face.ts'
import { BASE_PATH } from './contract/contract.ts'
import type { NativeOptions, NativeParts } from './native-parts.ts'
import { FACE } from './parse.ts'
import { claims, mountRoutes } from './routes.ts'
import { TASK_TOKEN_PURPOSE, TaskTokens } from './task-token.ts'

/** Taskport's own API: everything the engine can do, in the core's own words. */
export function nativeFace(context: FaceContext, options: NativeOptions): Face {
  const parts: NativeParts = { context, options, taskTokens: new TaskTokens(context.deriveKey(TASK_TOKEN_PURPOSE)) }
  return {
    name: FACE,
    claims,
    forTasks: [{ prefix: `${BASE_PATH}/attempts` }],
    mount: (app) => mountRoutes(app, parts),
    environment: async (origin) => {
      const { secret } = await context.credentials.firstStart(FACE)
      return { TASKPORT_URL: origin, TASKPORT_TOKEN: secret }
    },
  }
}
