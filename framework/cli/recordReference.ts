export function recordReference(_given: object): Promise<number> { return Promise.resolve(0); }
