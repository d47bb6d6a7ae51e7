import { Type } from 'typebox'
import { Outputs, ProgressReport } from '../wire/administration.ts'
import { Execution } from '../wire/execution.ts'
import { EventPage, ExecutionLogPage, LogPage, Stats } from '../wire/following.ts'
import { command, duration, name, strict, texts } from '../wire/scalars.ts'
import { Step } from '../wire/step.ts'
import { operations } from './operation.ts'
import {
  executionId,
  executionLogQuery,
  following,
  logQuery,
  ofAttempt,
  ofExecution,
  ofStep,
  streamId,
} from './parameters.ts'

const events = {
  description: 'A page; or, where text/event-stream is accepted, everything from there on (`id` is the cursor).',
  schema: EventPage,
  media: ['application/json', 'text/event-stream'],
}
const log = {
  description:
    'A page; or, where text/event-stream is accepted, every line from there on (events `line` and at last `end`; or text as it comes).',
  schema: LogPage,
  media: ['application/json', 'text/event-stream', 'text/plain'],
}

export const followingOperations = operations({
  listEvents: {
    method: 'GET',
    path: '/events',
    tag: 'events',
    summary: 'Events of all executions, oldest first',
    access: 'user',
    query: Type.Object({ ...following, execution: Type.Optional(executionId) }, strict),
    headers: streamId,
    answers: { 200: events, 410: { description: 'The cursor has expired: list again, then watch from there.' } },
  },
  listExecutionEvents: {
    method: 'GET',
    path: '/executions/{id}/events',
    tag: 'events',
    summary: 'Events of one execution, oldest first',
    access: 'user',
    params: ofExecution,
    query: Type.Object(following, strict),
    headers: streamId,
    answers: { 200: events, 410: { description: 'The cursor has expired.' } },
  },
  getLog: {
    method: 'GET',
    path: '/executions/{id}/logs',
    tag: 'logs',
    summary: 'Log of the only step, or of the one that ran last, or of the named one',
    access: 'user',
    params: ofExecution,
    query: Type.Object({ step: Type.Optional(name('')), ...logQuery }, strict),
    headers: streamId,
    answers: { 200: log },
  },
  getExecutionLog: {
    method: 'GET',
    path: '/executions/{id}/log',
    tag: 'logs',
    summary: 'Log of all steps and attempts in order of time',
    access: 'user',
    params: ofExecution,
    query: Type.Object(executionLogQuery, strict),
    headers: streamId,
    answers: {
      200: {
        description:
          'A page; or, where text/event-stream is accepted, every line from there on (events `line` and at last `end`; or text as it comes). The `id` of a stream stands on the last line of what came at once: after resuming, drop what attempt and seq say was seen.',
        schema: ExecutionLogPage,
        media: ['application/json', 'text/event-stream', 'text/plain'],
      },
    },
  },
  getStepLog: {
    method: 'GET',
    path: '/executions/{id}/steps/{step}/logs',
    tag: 'logs',
    summary: 'Log of a step',
    access: 'user',
    params: ofStep,
    query: Type.Object(logQuery, strict),
    headers: streamId,
    answers: { 200: log },
  },
  execInStep: {
    method: 'POST',
    path: '/executions/{id}/steps/{step}/exec',
    tag: 'logs',
    summary: 'Run a command inside a running step',
    access: 'user',
    params: ofStep,
    body: Type.Object(
      {
        run: command('What to run.'),
        env: Type.Optional(texts('')),
        workdir: Type.Optional(Type.String({ minLength: 1, maxLength: 4_096 })),
        user: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
        stdin: Type.Optional(Type.String({ maxLength: 1_000_000 })),
        timeout: Type.Optional(duration('')),
      },
      strict,
    ),
    answers: {
      200: {
        description: 'Events output {stream, text | base64} and at last exit {outcome, code, exitCode}.',
        media: ['text/event-stream'],
      },
    },
  },
  getStepStats: {
    method: 'GET',
    path: '/executions/{id}/steps/{step}/stats',
    tag: 'logs',
    summary: 'What a running step uses now',
    access: 'user',
    params: ofStep,
    answers: { 200: { description: 'Now.', schema: Stats } },
  },
  publishOutputs: {
    method: 'POST',
    path: '/attempts/{attempt}/outputs',
    tag: 'inside',
    summary: 'Publish outputs while the attempt runs; an empty value unsets the key',
    access: 'task',
    params: ofAttempt,
    body: Outputs,
    answers: { 204: { description: 'Published.' } },
  },
  reportProgress: {
    method: 'POST',
    path: '/attempts/{attempt}/progress',
    tag: 'inside',
    summary: 'Report progress while the attempt runs',
    access: 'task',
    params: ofAttempt,
    body: ProgressReport,
    answers: { 204: { description: 'Reported.' } },
  },
  appendSteps: {
    method: 'POST',
    path: '/attempts/{attempt}/steps',
    tag: 'inside',
    summary: 'Append steps to the execution while the attempt runs; idempotent by name',
    access: 'task',
    params: ofAttempt,
    body: Type.Object({ steps: Type.Array(Step, { minItems: 1, maxItems: 1_000 }) }, strict),
    answers: { 200: { description: 'The execution with its new steps.', schema: Execution } },
  },
})
