/** The programs of this folder, by what they do. */
export const WORKSPACE_PROGRAMS = {
  clone: new URL('./programs/clone.ts', import.meta.url),
  runIfChanged: new URL('./programs/run-if-changed.ts', import.meta.url),
} as const
