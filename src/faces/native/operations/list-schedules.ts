import { type Handler, ok } from '../operation-call.ts'
import { presentSchedule } from '../present-administration.ts'

export const listSchedules: Handler<'listSchedules'> = async ({ engine, tenant }) =>
  ok({ items: (await engine.schedules(tenant)).map(presentSchedule) })
