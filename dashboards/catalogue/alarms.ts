import { absoluteAlarms } from "./absolute-alarms.ts";
import type { Alarm, AlarmSettings } from "./alarm.ts";
import { BURN_ALARMS } from "./burn-alarms.ts";

/** Every alarm that notifies somebody. */
export const alarmsOf = (settings: AlarmSettings): readonly Alarm[] => [...BURN_ALARMS, ...absoluteAlarms(settings)];
