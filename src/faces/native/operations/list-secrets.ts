import { type Handler, ok } from '../operation-call.ts'
import { timeText } from '../units.ts'

export const listSecrets: Handler<'listSecrets'> = async ({ engine, tenant }) => {
  const names = await engine.secretNames(tenant)
  return ok({ items: names.map(({ name, updatedAt }) => ({ name, updatedAt: timeText(updatedAt) })) })
}
