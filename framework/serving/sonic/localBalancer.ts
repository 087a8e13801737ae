/** The server of SONIC_LOCAL_BALANCER_HOST and SONIC_LOCAL_BALANCER_PORT; the command line, which alone reads the environment, sets it. */

export interface LocalBalancer {
  readonly address: string;
  readonly port: number;
}

let found: LocalBalancer | undefined;

export function setLocalBalancer(balancer: LocalBalancer | undefined): void {
  found = balancer;
}

export const localBalancer = (): LocalBalancer | undefined => found;
