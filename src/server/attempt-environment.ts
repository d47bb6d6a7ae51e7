import type { AttemptEnvironment } from '../engine/context.ts'
import { TASK_TOKEN_PURPOSE, TaskTokens } from '../faces/native/task-token.ts'

/**
 * What points a running program at the native API: the address, where it is known already (a server on any free port
 * knows it once it listens), and a token that reaches the program's own attempt and nothing else.
 */
export function attemptEnvironmentOf(
  vault: { derive(purpose: string): Uint8Array },
  url: () => string,
): AttemptEnvironment {
  const tokens = new TaskTokens(vault.derive(TASK_TOKEN_PURPOSE))
  return (tenant, attempt) => {
    const address = url()
    const token = { TASKPORT_TOKEN: tokens.mint(tenant, attempt) }
    return address === '' ? token : { TASKPORT_URL: address, ...token }
  }
}
