import { Type } from 'typebox'
import { strict } from '../wire/scalars.ts'
import { TaskDefinition } from '../wire/submission.ts'
import { ScheduleList, Task, TaskList } from '../wire/task.ts'
import { operations } from './operation.ts'
import { ofName, paging } from './parameters.ts'

const revision = Type.Object(
  { revision: Type.Optional(Type.Integer({ minimum: 1, description: 'Default: the newest, or all when deleting.' })) },
  strict,
)

export const taskOperations = operations({
  putTask: {
    method: 'PUT',
    path: '/tasks/{name}',
    tag: 'tasks',
    summary: 'Register a task: a new revision unless the newest is the same',
    access: 'user',
    params: ofName,
    body: TaskDefinition,
    bodyLimit: 8 * 1024 * 1024,
    answers: {
      200: { description: 'The newest revision is the same.', schema: Task },
      201: { description: 'A new revision.', schema: Task },
    },
  },
  listTasks: {
    method: 'GET',
    path: '/tasks',
    tag: 'tasks',
    summary: 'List tasks, each with its newest active revision',
    access: 'user',
    query: paging,
    answers: { 200: { description: 'A page.', schema: TaskList } },
  },
  getTask: {
    method: 'GET',
    path: '/tasks/{name}',
    tag: 'tasks',
    summary: 'Get a task',
    access: 'user',
    params: ofName,
    query: revision,
    answers: { 200: { description: 'One revision.', schema: Task } },
  },
  listTaskRevisions: {
    method: 'GET',
    path: '/tasks/{name}/revisions',
    tag: 'tasks',
    summary: 'List the revisions of a task, newest first',
    access: 'user',
    params: ofName,
    query: paging,
    answers: { 200: { description: 'A page.', schema: TaskList } },
  },
  deleteTask: {
    method: 'DELETE',
    path: '/tasks/{name}',
    tag: 'tasks',
    summary: 'Deactivate a task or one revision: no new executions, no schedule',
    access: 'user',
    params: ofName,
    query: revision,
    answers: { 204: { description: 'Inactive.' } },
  },
  listSchedules: {
    method: 'GET',
    path: '/schedules',
    tag: 'tasks',
    summary: 'List schedules with their next and last times',
    access: 'user',
    answers: { 200: { description: 'All.', schema: ScheduleList } },
  },
})
