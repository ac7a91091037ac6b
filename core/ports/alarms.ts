export interface AlarmState {
  readonly name: string;
  readonly state: "OK" | "ALARM" | "INSUFFICIENT_DATA";
  /** When it last changed from another state. */
  readonly sinceMs: number;
}

export interface Alarms {
  /** Of every alarm that is watched. @throws Error when one of them cannot be told. */
  states(): Promise<readonly AlarmState[]>;
}
