"""Published schedules to the first bug: mean±standard deviation over the trials that found it, of 20.

SURW, POS and PCT-3 are recomputed from the artifact of SURW (github.com/zhaohuanqdcn/SURW, stats/period), at most
10,000 schedules; RFF is from the artifact of RFF (github.com/dylanjwolff/RFF, scripts/data-analysis/full-data.csv), at
most 5 minutes. Both ran the C programs. Programs and cells that are not here have no published figure.
"""

from __future__ import annotations

COLUMNS = ("SURW", "POS", "PCT-3", "RFF")

FIGURES = {
    "account": ("6±5", "4±3", "4±2", "1±0"),
    "bluetooth_driver": ("70±55", "36±29", "112±73", "45±35"),
    "carter01": ("", "2±2", "5±3", "2±1"),
    "circular_buffer": ("3±1", "2±1", "9±7", "2±1"),
    "deadlock01": ("2±0", "4±3", "13±12", "5±4"),
    "lazy01": ("2±0", "5±3", "5±3", "6±6"),
    "queue": ("2±0", "1±1", "3±2", "1±0"),
    "reorder_3": ("7±7", "86±70", "185±199", "7±5"),
    "reorder_4": ("7±6", "533±651", "554±643", "6±5"),
    "reorder_5": ("10±9", "2169±2182", "647±517", "6±4"),
    "reorder_10": ("17±11", "0/20", "3225±2426 (16/20)", "6±4"),
    "reorder_20": ("6±4", "0/20", "3005±2680", "6±4"),
    "reorder_50": ("13±12", "0/20", "3304±1721 (6/20)", "6±4"),
    "reorder_100": ("194±214", "0/20", "0/20", "6±4"),
    "stack": ("5±3", "2±1", "3±2", "2±1"),
    "token_ring": ("8±6", "9±11", "8±6", "5±5"),
    "twostage": ("8±4", "15±12", "13±14", "8±7"),
    "twostage_20": ("6±3", "156±137", "159±151", "22±19"),
    "twostage_50": ("20±17", "1637±1385", "1676±1715", "35±27"),
    "twostage_100": ("454±444", "6674±2877 (3/20)", "7466±831 (3/20)", "56±71"),
    "wronglock": ("7±7", "10±14", "51±50", "1±0"),
    "wronglock_3": ("9±9", "11±14", "58±46", "1±0"),
}
