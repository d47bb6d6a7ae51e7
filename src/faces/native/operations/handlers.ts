import type { OperationId } from '../contract/contract.ts'
import type { Handler } from '../operation-call.ts'
import { activateNode } from './activate-node.ts'
import { appendSteps } from './append-steps.ts'
import { countExecutions } from './count-executions.ts'
import { createToken } from './create-token.ts'
import { createWebhook } from './create-webhook.ts'
import { deleteExecution } from './delete-execution.ts'
import { deleteSecret } from './delete-secret.ts'
import { deleteShared } from './delete-shared.ts'
import { deleteTask } from './delete-task.ts'
import { deleteToken } from './delete-token.ts'
import { deleteWebhook } from './delete-webhook.ts'
import { deregisterNode } from './deregister-node.ts'
import { drainNode } from './drain-node.ts'
import { execInStep } from './exec-in-step.ts'
import { getExecution } from './get-execution.ts'
import { getExecutionLog } from './get-execution-log.ts'
import { getInfo } from './get-info.ts'
import { getLog } from './get-log.ts'
import { getNode } from './get-node.ts'
import { getPlan } from './get-plan.ts'
import { getStepLog } from './get-step-log.ts'
import { getStepStats } from './get-step-stats.ts'
import { getTask } from './get-task.ts'
import { holdDispatch } from './hold-dispatch.ts'
import { listEvents } from './list-events.ts'
import { listExecutionEvents } from './list-execution-events.ts'
import { listExecutions } from './list-executions.ts'
import { listNodes } from './list-nodes.ts'
import { listSchedules } from './list-schedules.ts'
import { listSecrets } from './list-secrets.ts'
import { listTaskRevisions } from './list-task-revisions.ts'
import { listTasks } from './list-tasks.ts'
import { listTokens } from './list-tokens.ts'
import { listWebhooks } from './list-webhooks.ts'
import { publishOutputs } from './publish-outputs.ts'
import { putSecret } from './put-secret.ts'
import { putTask } from './put-task.ts'
import { putWebhook } from './put-webhook.ts'
import { registerNode } from './register-node.ts'
import { reportProgress } from './report-progress.ts'
import { reset } from './reset.ts'
import { resumeDispatch } from './resume-dispatch.ts'
import { retryExecution } from './retry-execution.ts'
import { setLabels } from './set-labels.ts'
import { setNodeAttributes } from './set-node-attributes.ts'
import { stopExecution } from './stop-execution.ts'
import { submitBatch } from './submit-batch.ts'
import { submitExecution } from './submit-execution.ts'
import { waitExecution } from './wait-execution.ts'

/** What answers each operation: an operation without a handler does not compile. */
export const handlers: { readonly [Id in OperationId]: Handler<Id> } = {
  activateNode,
  appendSteps,
  countExecutions,
  createToken,
  createWebhook,
  deleteExecution,
  deleteSecret,
  deleteShared,
  deleteTask,
  deleteToken,
  deleteWebhook,
  deregisterNode,
  drainNode,
  execInStep,
  getExecution,
  getExecutionLog,
  getInfo,
  getLog,
  getNode,
  getPlan,
  getStepLog,
  getStepStats,
  getTask,
  holdDispatch,
  listEvents,
  listExecutionEvents,
  listExecutions,
  listNodes,
  listSchedules,
  listSecrets,
  listTaskRevisions,
  listTasks,
  listTokens,
  listWebhooks,
  publishOutputs,
  putSecret,
  putTask,
  putWebhook,
  registerNode,
  reportProgress,
  reset,
  resumeDispatch,
  retryExecution,
  setLabels,
  setNodeAttributes,
  stopExecution,
  submitBatch,
  submitExecution,
  waitExecution,
}
