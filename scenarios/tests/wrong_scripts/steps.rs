//! Mistakes in steps that ask for something.

use crate::*;

pub(crate) fn verbs() -> Vec<Case> {
    vec![
        step(
            "a step that does nothing",
            "at = \"1m\"",
            &["line 7: step 2 does nothing: write one of signal, release, set"],
        ),
        step("a misspelt verb", "exspect = 3", &["line 7: step 2 does nothing: did you mean `expect`?"]),
        step(
            "two verbs",
            "plug = \"ev_01\"\nunplug = \"ev_01\"",
            &["step 2 says both `plug` and `unplug`: write a step for each"],
        ),
        step("an unknown key", "plug = \"ev_01\"\nwithin = \"3m\"", &["line 9: step 2.within is no known key"]),
        step("a verb that is no text", "plug = 3", &["line 8: step 2.plug is 3: write a text in quotes"]),
        step(
            "an answer there is not",
            "plug = \"ev_01\"\nanswer = \"yes\"",
            &["line 9: step 2.answer is \"yes\": write one of [\"accepted\", \"overruled\", \"refused\"]"],
        ),
        step(
            "an unknown signal",
            "signal = \"iradiance\"\nvalue = 3",
            &["line 8: step 2.signal is \"iradiance\", which there is not: did you mean `irradiance`?"],
        ),
        step("a signal without value", "signal = \"irradiance\"", &["line 7: step 2.value is missing"]),
        step(
            "a signal beyond what can be",
            "signal = \"load_control_signal\"\nvalue = 101",
            &[
                "line 8: step 2.signal would be refused: load_control_signal can not be 101: send a number from 0 to 100",
                "write answer = \"refused\"",
            ],
        ),
        step(
            "a signal for no time",
            "signal = \"irradiance\"\nvalue = 1\nfor = \"0m\"",
            &["line 10: step 2.for is no time at all"],
        ),
        step(
            "a signal let go",
            "release = \"sun\"",
            &["line 8: step 2.release is \"sun\", which there is not: choose among irradiance"],
        ),
    ]
}

pub(crate) fn commands() -> Vec<Case> {
    vec![
        step(
            "nobody",
            "set = \"bat_11\"\nsetpoint_kw = 3",
            &[
                "line 8: step 2.set is \"bat_11\", but there is no such participant in the scenario: did you mean `bat_01`?",
            ],
        ),
        step(
            "somebody like no other",
            "set = \"quite somebody\"\nsetpoint_kw = 3",
            &["there is no such participant", "for instance bat_01"],
        ),
        step(
            "nothing asked",
            "set = \"bat_01\"",
            &["line 8: step 2.set asks for nothing: write one of setpoint_kw, import_limit_kw"],
        ),
        step(
            "two things asked",
            "set = \"bat_01\"\nsetpoint_kw = 3\nreserve_kwh = 3",
            &["line 8: step 2.set asks for `setpoint_kw` and `reserve_kwh`: write a step for each"],
        ),
        step(
            "a setpoint of a plant",
            "set = \"pv_01\"\nsetpoint_kw = 3",
            &["line 8: step 2.set would be refused: this device takes limits only", "answer = \"refused\""],
        ),
        step(
            "a reserve of a charge point",
            "set = \"evse_01\"\nreserve_kwh = 3",
            &["step 2.set would be refused: this device keeps no reserve"],
        ),
        step(
            "a command to the DSO",
            "set = \"dso\"\nsetpoint_kw = 3",
            &["would be refused: a participant of kind dso takes no commands"],
        ),
        step(
            "a negative limit",
            "set = \"bat_01\"\nexport_limit_kw = -3",
            &["would be refused: a limit must be at least 0 kW"],
        ),
        step(
            "a power that is none",
            "set = \"bat_01\"\nsetpoint_kw = \"3\"",
            &["line 9: step 2.setpoint_kw is a text: write a number"],
        ),
        step(
            "a schedule without step",
            "set = \"bat_01\"\nsetpoint_kw = [3, 4]",
            &["line 9: step 2.setpoint_kw is a list: write how long"],
        ),
        step(
            "a schedule of words",
            "set = \"bat_01\"\nsetpoint_kw = [3, \"a\"]\nstep = \"1m\"",
            &["line 9: step 2.setpoint_kw holds something"],
        ),
        step(
            "an empty schedule",
            "set = \"bat_01\"\nsetpoint_kw = []\nstep = \"1m\"",
            &["line 9: step 2.setpoint_kw is empty"],
        ),
        step(
            "a schedule without end",
            "set = \"bat_01\"\nsetpoint_kw = [3, 4]\nstep = \"100000d\"",
            &["line 9: step 2.setpoint_kw lasts longer than any run"],
        ),
        step(
            "steps of one value",
            "set = \"bat_01\"\nsetpoint_kw = 3\nstep = \"1m\"",
            &["line 10: step 2.step goes with a list"],
        ),
        step(
            "no withdrawal",
            "set = \"bat_01\"\nwithdraw = false",
            &["line 9: step 2.withdraw is false", "withdraw = true"],
        ),
        step(
            "a priority there is not",
            "set = \"bat_01\"\nsetpoint_kw = 3\npriority = \"high\"",
            &["line 10: step 2.priority is \"high\"", "\"safety\""],
        ),
    ]
}

pub(crate) fn acts() -> Vec<Case> {
    vec![
        step(
            "an unknown fault",
            "fault = \"inverter_tripp\"\non = \"pv_01\"\nrestart_s = 3",
            &["line 8: step 2.fault is \"inverter_tripp\", which there is not: did you mean `inverter_trip`?"],
        ),
        step("a fault of nobody", "fault = \"inverter_trip\"", &["line 7: step 2.on is missing"]),
        step(
            "a fault of another device",
            "fault = \"inverter_trip\"\non = \"evse_01\"",
            &["line 8: step 2.fault would be refused: inverter_trip is a fault of pv, battery, not of evse"],
        ),
        step(
            "a parameter of another fault",
            "fault = \"inverter_trip\"\non = \"pv_01\"\nshare = 3",
            &["line 10: step 2.share is no known key"],
        ),
        step(
            "a parameter beyond its limits",
            "fault = \"derating\"\non = \"pv_01\"\nshare = 3",
            &["`share` of derating is 3: write a number from 0 to 1"],
        ),
        step(
            "a parameter in words",
            "fault = \"derating\"\non = \"pv_01\"\nshare = \"half\"",
            &["line 10: step 2.share is a text: write a number"],
        ),
        step(
            "a repair of nothing",
            "clear = \"inverter\"\non = \"pv_01\"",
            &["line 8: step 2.clear is \"inverter\", which there is not: did you mean `inverter_trip`?"],
        ),
        step(
            "a plug of a battery",
            "plug = \"bat_01\"",
            &["would be refused: a participant of kind battery has no plug"],
        ),
        step(
            "a token at a vehicle",
            "swipe = \"ev_01\"\ntoken = \"x\"",
            &["a participant of kind ev reads no tokens: name a charge point"],
        ),
        step("an empty token", "swipe = \"evse_01\"\ntoken = \"\"", &["would be refused: a token has 1 to 36 bytes"]),
    ]
}
