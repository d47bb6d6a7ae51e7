import type { Command } from './command.ts'
import { completionOf } from './commands/completion.ts'
import { doctor } from './commands/doctor.ts'
import { down } from './commands/down.ts'
import { env } from './commands/env.ts'
import { events } from './commands/events.ts'
import { graph } from './commands/graph.ts'
import { info } from './commands/info.ts'
import { logs } from './commands/logs.ts'
import { nodeActivate, nodeDrain, nodeLs } from './commands/node.ts'
import { ps } from './commands/ps.ts'
import { retry } from './commands/retry.ts'
import { rm } from './commands/rm.ts'
import { run } from './commands/run.ts'
import { scheduleLs } from './commands/schedule-ls.ts'
import { secretLs, secretRm, secretSet } from './commands/secret.ts'
import { show } from './commands/show.ts'
import { stop } from './commands/stop.ts'
import { taskApply } from './commands/task-apply.ts'
import { taskLs } from './commands/task-ls.ts'
import { taskRm } from './commands/task-rm.ts'
import { taskRun } from './commands/task-run.ts'
import { taskShow } from './commands/task-show.ts'
import { tokenCreate, tokenLs, tokenRevoke } from './commands/token.ts'
import { up } from './commands/up.ts'
import { upsunDeploy } from './commands/upsun-deploy.ts'
import { upsunInit } from './commands/upsun-init.ts'
import { version } from './commands/version.ts'
import { describeCommands } from './described-commands.ts'

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  up,
  down,
  run,
  ps,
  show,
  logs,
  events,
  stop,
  retry,
  rm,
  graph,
  taskApply,
  taskLs,
  taskShow,
  taskRun,
  taskRm,
  scheduleLs,
  nodeLs,
  nodeDrain,
  nodeActivate,
  secretSet,
  secretLs,
  secretRm,
  tokenCreate,
  tokenLs,
  tokenRevoke,
  upsunInit,
  upsunDeploy,
  env,
  info,
  doctor,
  completionOf(() => describeCommands(COMMANDS)),
  version,
]
