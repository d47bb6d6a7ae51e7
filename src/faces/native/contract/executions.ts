import { Type } from 'typebox'
import { Counts } from '../wire/administration.ts'
import { BatchResult, EXECUTION_STATES, Execution, ExecutionList } from '../wire/execution.ts'
import { duration, instant, strict, texts, words } from '../wire/scalars.ts'
import { Submission } from '../wire/submission.ts'
import { PlanView } from '../wire/task.ts'
import { operations } from './operation.ts'
import { executionId, ofExecution, page, waitTimeout } from './parameters.ts'

const pair = (description: string) =>
  Type.Optional(Type.Array(Type.String({ pattern: '^[^=]+=', maxLength: 1_000 }), { maxItems: 20, description }))

const any = (what: string) =>
  Type.Optional(Type.Array(Type.String({ maxLength: 300 }), { maxItems: 200, description: `Any of these ${what}.` }))

/** Which executions: all conditions must hold. */
const filter = {
  id: Type.Optional(Type.Array(executionId, { maxItems: 1_000, description: 'Any of these.' })),
  state: Type.Optional(Type.Array(words(EXECUTION_STATES), { maxItems: 8, description: 'Any of these.' })),
  active: Type.Optional(Type.Boolean({ description: 'Only those that are not final, or only those that are.' })),
  task: any('tasks'),
  face: any('faces'),
  key: any('keys'),
  node: any('nodes'),
  trigger: Type.Optional(
    Type.Array(words(['api', 'schedule', 'event', 'retry', 'dependency']), {
      maxItems: 5,
      description: 'Any of these.',
    }),
  ),
  name: any('names'),
  label: pair('name=value. All names must match, each with any of the values given for it.'),
  ref: pair('name=value, likewise.'),
  acceptedFrom: Type.Optional(instant('')),
  acceptedUntil: Type.Optional(instant('')),
}

const idempotency = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({ minLength: 1, maxLength: 300, description: 'The same key and body give the same executions again.' }),
  ),
})

const execution = (description: string) => ({ description, schema: Execution })

export const executionOperations = operations({
  submitExecution: {
    method: 'POST',
    path: '/executions',
    tag: 'executions',
    summary: 'Submit an execution',
    access: 'user',
    headers: idempotency,
    body: Submission,
    bodyLimit: 8 * 1024 * 1024,
    answers: {
      200: execution('Accepted before, under this idempotency key.'),
      201: execution('Accepted and durable.'),
    },
  },
  submitBatch: {
    method: 'POST',
    path: '/executions:batch',
    tag: 'executions',
    summary: 'Submit several executions in one commit; each is accepted or refused on its own',
    access: 'user',
    headers: idempotency,
    body: Type.Array(Submission, { minItems: 1, maxItems: 1_000 }),
    bodyLimit: 32 * 1024 * 1024,
    answers: { 200: { description: 'What became of each.', schema: BatchResult } },
  },
  listExecutions: {
    method: 'GET',
    path: '/executions',
    tag: 'executions',
    summary: 'List executions, newest first',
    access: 'user',
    query: Type.Object(
      {
        ...page,
        ascending: Type.Optional(Type.Boolean({ description: 'Oldest first.' })),
        ...filter,
      },
      strict,
    ),
    answers: { 200: { description: 'A page.', schema: ExecutionList } },
  },
  countExecutions: {
    method: 'GET',
    path: '/executions:count',
    tag: 'executions',
    summary: 'Count executions by state',
    access: 'user',
    query: Type.Object(filter, strict),
    answers: { 200: { description: 'State → number. With conditions up to 100,000 in all.', schema: Counts } },
  },
  getExecution: {
    method: 'GET',
    path: '/executions/{id}',
    tag: 'executions',
    summary: 'Get an execution',
    access: 'user',
    params: ofExecution,
    answers: { 200: execution('As it is now.') },
  },
  getPlan: {
    method: 'GET',
    path: '/executions/{id}/plan',
    tag: 'executions',
    summary: 'Get the steps of an execution as they were asked for',
    access: 'user',
    params: ofExecution,
    answers: { 200: { description: 'Appended steps included.', schema: PlanView } },
  },
  stopExecution: {
    method: 'POST',
    path: '/executions/{id}/stop',
    tag: 'executions',
    summary: 'Stop an execution: signal, grace, SIGKILL',
    access: 'user',
    params: ofExecution,
    body: Type.Object(
      {
        message: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000 })),
        grace: Type.Optional(duration('Instead of each step’s own.')),
      },
      strict,
    ),
    bodyOptional: true,
    answers: { 200: execution('As it is at once; unchanged when it was final.') },
  },
  retryExecution: {
    method: 'POST',
    path: '/executions/{id}/retry',
    tag: 'executions',
    summary: 'Run the same plan again as a new execution, linked to this one',
    access: 'user',
    params: ofExecution,
    answers: { 201: execution('The new one.') },
  },
  deleteExecution: {
    method: 'DELETE',
    path: '/executions/{id}',
    tag: 'executions',
    summary: 'Delete a final execution and its logs',
    access: 'user',
    params: ofExecution,
    answers: { 204: { description: 'Deleted.' } },
  },
  setLabels: {
    method: 'PATCH',
    path: '/executions/{id}/labels',
    tag: 'executions',
    summary: 'Set and remove labels, also after the end',
    access: 'user',
    params: ofExecution,
    body: Type.Object(
      {
        set: Type.Optional(texts('Name → value.')),
        remove: Type.Optional(Type.Array(Type.String({ maxLength: 300 }), { maxItems: 200 })),
      },
      { ...strict, minProperties: 1 },
    ),
    answers: { 200: execution('As it is then.') },
  },
  waitExecution: {
    method: 'GET',
    path: '/executions/{id}/wait',
    tag: 'executions',
    summary: 'Wait until an execution runs or is final',
    access: 'user',
    params: ofExecution,
    query: Type.Object(
      { until: Type.Optional(words(['final', 'running'], 'Default final.')), timeout: waitTimeout },
      strict,
    ),
    answers: { 200: execution('It is so.'), 202: execution('Not in that time.') },
  },
})
