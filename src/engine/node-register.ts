/**
 * The register of nodes: all of them in memory, each a document in the store. Written through here only.
 */
import { EngineError, notFound } from '../core/engine-error.ts'
import type { NodeId, Tenant } from '../core/identity.ts'
import type { Node } from '../core/node.ts'
import type { Store } from '../core/ports/store.ts'
import { SYSTEM_TENANT } from './system-tenant.ts'

const COLLECTION = 'taskport/node'

export class NodeRegister {
  readonly #store: Store
  readonly #nodes = new Map<NodeId, Node>()

  constructor(store: Store) {
    this.#store = store
  }

  async load(): Promise<void> {
    let after: string | undefined
    do {
      const page = await this.#store.documents<Node>(SYSTEM_TENANT, COLLECTION, {
        limit: 500,
        ...(after !== undefined && { after }),
      })
      for (const { body } of page.items) this.#nodes.set(body.id, body)
      after = page.next
    } while (after !== undefined)
  }

  all(): IterableIterator<Node> {
    return this.#nodes.values()
  }

  get(id: NodeId): Node | undefined {
    return this.#nodes.get(id)
  }

  /** What the tenant may see: the shared ones and its own. */
  visible(tenant: Tenant): readonly Node[] {
    return [...this.#nodes.values()].filter((n) => n.tenant === undefined || n.tenant === tenant)
  }

  /** Throws `not_found` also for another tenant's node. */
  require(tenant: Tenant, id: NodeId): Node {
    const node = this.#nodes.get(id)
    if (!node || (node.tenant !== undefined && node.tenant !== tenant)) throw notFound('node', id)
    return node
  }

  /** Saves a changed node; its version and epoch rise. */
  async save(node: Node): Promise<Node> {
    const next: Node = { ...node, epoch: node.epoch + 1, version: node.version + 1 }
    await this.#store.commit([
      {
        kind: 'document.put',
        tenant: SYSTEM_TENANT,
        collection: COLLECTION,
        key: node.id,
        body: next,
        expected: node.version,
      },
    ])
    this.#nodes.set(node.id, next)
    return next
  }

  async forget(id: NodeId): Promise<void> {
    if (!this.#nodes.has(id)) throw new EngineError('not_found', `no node ${id}`, { subject: 'node', id })
    await this.#store.commit([{ kind: 'document.delete', tenant: SYSTEM_TENANT, collection: COLLECTION, key: id }])
    this.#nodes.delete(id)
  }

  clear(): void {
    this.#nodes.clear()
  }
}
