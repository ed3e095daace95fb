// Which alerts speak of a flow: alerts are folded by rule, originator, responder and its port.

import type { Alert, FlowRow } from '../../types';

export function alertsQuery(flow: FlowRow): Record<string, string> {
  return {
    rule: String(flow.rule ?? ''),
    address: String(flow.orig_address ?? ''),
    orig_zone: String(flow.orig_zone ?? ''),
    resp_zone: String(flow.resp_zone ?? ''),
  };
}

export function about(alert: Alert, flow: FlowRow): boolean {
  return (
    alert.rule === flow.rule &&
    alert.orig?.address === flow.orig_address &&
    alert.resp?.address === flow.resp_address &&
    alert.resp?.port === Number(flow.resp_port ?? 0) &&
    alert.protocol === flow.protocol
  );
}
