import type { Executor } from '../core/ports/executor.ts'
import { ProcessExecutor, type ProcessExecutorOptions } from './process/process-executor.ts'
import { ScriptedExecutor } from './scripted/scripted-executor.ts'
import type { ScriptedWorld } from './scripted/scripted-world.ts'

/** What each kind of executor is made from. */
export interface ExecutorOptions {
  readonly process: ProcessExecutorOptions
  readonly scripted: ScriptedWorld
}

export type ExecutorKind = keyof ExecutorOptions

/** Every kind of executor there is. A new one is one folder and one line here. */
export const EXECUTORS: { readonly [Kind in ExecutorKind]: (options: ExecutorOptions[Kind]) => Executor } = {
  process: (options) => new ProcessExecutor(options),
  scripted: (world) => new ScriptedExecutor(world),
}
