import { administrationOperations } from './administration.ts'
import { executionOperations } from './executions.ts'
import { followingOperations } from './following.ts'
import type { Operation } from './operation.ts'
import { taskOperations } from './tasks.ts'

/** Every operation of the native API by its name. Its operation ids are what clients are generated from: keep them. */
export const contract = {
  ...executionOperations,
  ...followingOperations,
  ...taskOperations,
  ...administrationOperations,
} satisfies Readonly<Record<string, Operation>>

export type Contract = typeof contract
export type OperationId = keyof Contract

export const BASE_PATH = '/taskport/v1'
