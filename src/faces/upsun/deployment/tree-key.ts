export const TREE_PREFIX = 'upsun/tree/'

/** The object that holds a tree's archive: by its content, so that equal trees are kept once. */
export const treeKey = (treeId: string): string => `${TREE_PREFIX}${treeId}`
