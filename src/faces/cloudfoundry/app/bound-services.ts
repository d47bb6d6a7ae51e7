import { COLLECTIONS, type ServiceBinding, type ServiceInstance } from '../documents.ts'
import type { Call } from '../operation.ts'

export type BoundService = ServiceInstance & { readonly bindingName?: string; readonly binding: string }

/** The user-provided services that an app is bound to. */
export async function boundServices(call: Call, app: string): Promise<readonly BoundService[]> {
  const bindings = await call.records.all<ServiceBinding>(COLLECTIONS.binding, { name: 'app', value: app })
  const services = await Promise.all(
    bindings.map(async (binding) => {
      const service = await call.records.find<ServiceInstance>(COLLECTIONS.service, binding.service)
      return (
        service && {
          ...service,
          binding: binding.guid,
          ...(binding.name !== undefined && { bindingName: binding.name }),
        }
      )
    }),
  )
  return services.filter((service) => service !== undefined)
}
