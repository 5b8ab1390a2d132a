"""The pure core: values in, values out. No IO, clock, chance, threads or logging anywhere below this package."""
