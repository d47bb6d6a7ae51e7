/**
 * Takes away builds that no environment is made of any more, once they are older than what the operator keeps: their
 * tree, what marks it built, the execution that built it, and archives that nothing needs.
 *
 * W1. What an environment, a deployment under way or an active run needs stays.
 * W2. No tree is taken in while archives are swept: one that is just becoming needed is not mistaken for an old one.
 */
import { isFinal } from '../../../core/execution.ts'
import type { Tenant } from '../../../core/identity.ts'
import type { Instant } from '../../../core/instant.ts'
import { allDocuments } from '../../kit/documents.ts'
import type { FaceContext } from '../../kit/face.ts'
import { COLLECTIONS, type Deployment, type EnvironmentRecord } from '../documents.ts'
import type { UpsunOptions } from '../options.ts'
import { treeOf } from '../task/mounts-of-task.ts'
import { BUILD_REFS, buildTaskName, stateOf } from './build-of-tree.ts'
import { TREE_PREFIX, treeKey } from './tree-key.ts'

const PAGE = 100

export class BuildSweeper {
  readonly #context: FaceContext
  readonly #retentionMs: number
  #deploying = 0
  #sweeping: Promise<unknown> | undefined

  constructor(context: FaceContext, { retentionMs }: UpsunOptions) {
    this.#context = context
    this.#retentionMs = retentionMs
  }

  /** Takes a tree in: until its deployment is accepted, nothing else says that it is needed. */
  async during<Result>(deploy: () => Promise<Result>): Promise<Result> {
    while (this.#sweeping) await this.#sweeping
    this.#deploying++
    try {
      return await deploy()
    } finally {
      this.#deploying--
    }
  }

  /** Returns how many builds are gone. Does nothing while trees are taken in, or while it is at work. */
  async sweep(tenant: Tenant): Promise<number> {
    if (this.#deploying > 0 || this.#sweeping) return 0
    const sweeping = this.#sweep(tenant)
    this.#sweeping = sweeping
      .catch(() => undefined)
      .finally(() => {
        this.#sweeping = undefined
      })
    return sweeping
  }

  async #sweep(tenant: Tenant): Promise<number> {
    const needed = await this.#needed(tenant)
    const { engine } = this.#context
    const before = engine.now() - this.#retentionMs
    const old = new Set<string>()
    let after: string | undefined
    do {
      const filter = { refs: { [BUILD_REFS.kind]: 'build' }, acceptedUntil: before }
      const page = await engine.executions(tenant, filter, { limit: PAGE, ...(after && { after }) })
      for (const { submission } of page.items) old.add(submission.refs?.[BUILD_REFS.build] ?? '')
      after = page.next
    } while (after !== undefined)
    let swept = 0
    for (const build of old) if (!needed.builds.has(build) && (await this.#removeBuild(tenant, build, before))) swept++
    await this.#removeArchives(tenant, needed.trees)
    return swept
  }

  /**
   * False while something stands on it, or when it was built again since. Its executions go first: one that has ended
   * well says that there is a tree.
   */
  async #removeBuild(tenant: Tenant, build: string, before: Instant): Promise<boolean> {
    const { engine } = this.#context
    const builds = await engine.executions(tenant, { refs: { [BUILD_REFS.build]: build } }, { limit: PAGE })
    const runs = await engine.executions(tenant, { active: true, refs: { [BUILD_REFS.run]: build } }, { limit: 1 })
    const isLeft = builds.items.every((e) => isFinal(e) && e.submission.acceptedAt <= before)
    if (!isLeft || builds.next !== undefined || runs.items.length > 0) return false
    for (const { id } of builds.items) await engine.remove(tenant, id)
    for (const source of [stateOf(build), treeOf(build)]) await engine.removeShared(tenant, source)
    await engine.deactivateTask(tenant, buildTaskName(build))
    return true
  }

  async #removeArchives(tenant: Tenant, needed: ReadonlySet<string>): Promise<void> {
    const { engine, objects } = this.#context
    const kept = new Set([...needed].map(treeKey))
    const active = await engine.executions(tenant, { active: true, refs: { [BUILD_REFS.kind]: 'build' } }, { limit: 1 })
    if (active.items.length > 0) return
    for await (const key of objects.keys(tenant, TREE_PREFIX)) if (!kept.has(key)) await objects.remove(tenant, key)
  }

  async #needed(
    tenant: Tenant,
  ): Promise<{ readonly builds: ReadonlySet<string>; readonly trees: ReadonlySet<string> }> {
    const { engine } = this.#context
    const environments = await allDocuments<EnvironmentRecord>(engine, tenant, COLLECTIONS.environment)
    const pending = await allDocuments<Deployment>(engine, tenant, COLLECTIONS.deployment)
    const deployments = [
      ...environments.flatMap(({ body }) => body.deployment ?? []),
      ...pending.map(({ body }) => body),
    ]
    return {
      builds: new Set(deployments.flatMap(({ tasks }) => tasks.map(({ build }) => build))),
      trees: new Set(deployments.map(({ treeId }) => treeId)),
    }
  }
}
